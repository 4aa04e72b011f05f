/** Copies a text. */
import { usePage } from '../feed/context.tsx'

/** A button; says in the corner that it did. */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const { announce } = usePage()
  const copy = async (): Promise<void> => {
    try {
      // Only pages of this machine or behind TLS may write to the clipboard.
      await navigator.clipboard.writeText(text)
      announce(`Copied ${text}.`)
    } catch {
      announce(`The browser does not let this page copy. The text is ${text}`, 'bad')
    }
  }
  return (
    <button type="button" className="small" onClick={() => void copy()}>
      {label}
    </button>
  )
}
