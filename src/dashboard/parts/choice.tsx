/** One of a few, in a row of buttons. */

/** What can be chosen. */
export interface ChoiceProps<Value extends string | number> {
  /** What it is about, as it is read out. */
  readonly label: string
  readonly options: readonly (readonly [value: Value, text: string])[]
  readonly value: Value
  readonly onChange: (value: Value) => void
  readonly isDisabled?: boolean
}

/** Buttons of which one is pressed. */
export function Choice<Value extends string | number>(props: ChoiceProps<Value>) {
  return (
    <fieldset className="choice" aria-label={props.label} disabled={props.isDisabled}>
      {props.options.map(([value, text]) => (
        <button
          key={value}
          type="button"
          aria-pressed={value === props.value}
          onClick={() => props.onChange(value)}
        >
          {text}
        </button>
      ))}
    </fieldset>
  )
}
