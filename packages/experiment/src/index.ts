export { parseRecipe } from './parse-recipe.js'
export { recipeJsonSchema, recipeSchema, type Recipe, type RecipeInput, type RecipeReference } from './recipe-schema.js'
export { experimentErrorCodes } from './errors.js'
