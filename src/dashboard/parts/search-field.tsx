/** Narrows a table down. */

/** A field whose name is read out and stands in it. */
export function SearchField(props: {
  label: string
  value: string
  onChange: (value: string) => void
}) {
  const { label, value, onChange } = props
  return (
    <input
      type="search"
      className="search"
      aria-label={label}
      placeholder={label}
      value={value}
      spellCheck={false}
      autoComplete="off"
      onChange={({ target }) => onChange(target.value)}
    />
  )
}

/** Whether all words of a filter are somewhere in the texts, whatever their case. */
export function matches(filter: string, texts: readonly (string | null)[]): boolean {
  const whole = texts.filter(Boolean).join(' ').toLowerCase()
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => whole.includes(word))
}
