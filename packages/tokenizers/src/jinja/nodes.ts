/** An expression of a template. */
export type Expression =
  | { readonly kind: 'constant'; readonly value: string | bigint | number | boolean | null }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'list' | 'tuple'; readonly items: readonly Expression[] }
  | { readonly kind: 'dict'; readonly entries: readonly (readonly [Expression, Expression])[] }
  | { readonly kind: 'attribute'; readonly of: Expression; readonly name: string }
  | { readonly kind: 'item'; readonly of: Expression; readonly key: Expression }
  | { readonly kind: 'slice'; readonly of: Expression; readonly bounds: readonly (Expression | undefined)[] }
  | { readonly kind: 'call'; readonly of: Expression; readonly given: Arguments }
  | { readonly kind: 'filter'; readonly of: Expression; readonly name: string; readonly given: Arguments }
  | { readonly kind: 'test'; readonly of: Expression; readonly name: string; readonly given: Arguments }
  | { readonly kind: 'not' | 'minus' | 'plus'; readonly of: Expression }
  | { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'operation'; readonly operator: Operator; readonly left: Expression; readonly right: Expression }
  | {
      readonly kind: 'comparison'
      readonly first: Expression
      readonly others: readonly { readonly operator: Comparison; readonly of: Expression }[]
    }
  | { readonly kind: 'concatenation'; readonly parts: readonly Expression[] }
  | {
      readonly kind: 'condition'
      readonly test: Expression
      readonly then: Expression
      readonly otherwise: Expression | undefined
    }

export type Operator = '+' | '-' | '*' | '/' | '//' | '%' | '**'
export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in'

/** What stands between the parentheses of a call. */
export interface Arguments {
  readonly args: readonly Expression[]
  readonly named: readonly (readonly [string, Expression])[]
  readonly restArgs: Expression | undefined
  readonly restNamed: Expression | undefined
}

/** What can be assigned to. */
export type Target =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'member'; readonly of: string; readonly name: string }
  | { readonly kind: 'tuple'; readonly items: readonly Target[] }

/** Parameters of a macro; the last ones have defaults. */
export interface Signature {
  readonly parameters: readonly string[]
  readonly defaults: readonly Expression[]
}

/** A statement of a template. */
export type Statement =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'write'; readonly of: Expression }
  | {
      readonly kind: 'if'
      readonly branches: readonly { readonly test: Expression; readonly body: Body }[]
      readonly otherwise: Body
    }
  | {
      readonly kind: 'for'
      readonly target: Target
      readonly of: Expression
      readonly test: Expression | undefined
      readonly body: Body
      readonly otherwise: Body
    }
  | { readonly kind: 'set'; readonly target: Target; readonly value: Expression }
  | {
      readonly kind: 'set-block'
      readonly target: Target
      readonly filters: readonly FilterCall[]
      readonly body: Body
    }
  | { readonly kind: 'with'; readonly assignments: readonly (readonly [Target, Expression])[]; readonly body: Body }
  | {
      readonly kind: 'macro'
      readonly name: string
      readonly signature: Signature
      readonly body: Body
      readonly uses: ReadonlySet<string>
    }
  | {
      readonly kind: 'call-block'
      readonly signature: Signature
      readonly call: Expression & { readonly kind: 'call' }
      readonly body: Body
      readonly uses: ReadonlySet<string>
    }
  | { readonly kind: 'filter-block'; readonly filters: readonly FilterCall[]; readonly body: Body }
  | { readonly kind: 'generation'; readonly body: Body }
  | { readonly kind: 'break' | 'continue' }

export type Body = readonly Statement[]

export interface FilterCall {
  readonly name: string
  readonly given: Arguments
}
