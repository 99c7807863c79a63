export { parseBaichuanConfig, type BaichuanConfig } from './config.js'
export { defineBaichuan, baichuanParameters, baichuan } from './model.js'
