/** A dialog of the browser itself: it holds the focus, and Esc closes it. */
import { type ReactNode, useEffect, useId, useRef } from 'react'

/** What a dialog is made of. */
export interface DialogProps {
  readonly title: ReactNode
  readonly isOpen: boolean
  readonly close: () => void
  readonly children: ReactNode
  /** What can be done, besides closing it; stands in its last line. */
  readonly actions?: ReactNode
  readonly isWide?: boolean
}

/** Shows its children while it is open, before everything else. */
export function Dialog({ title, isOpen, close, children, actions, isWide }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const titleId = useId()
  useEffect(() => {
    const element = dialog.current
    if (element === null) return
    if (isOpen && !element.open) {
      element.showModal()
      element.querySelector<HTMLElement>('[data-first-focus]')?.focus()
    }
    if (!isOpen && element.open) element.close()
  }, [isOpen])
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Esc does the same, by the browser itself.
    <dialog
      ref={dialog}
      className={isWide ? 'is-wide' : undefined}
      aria-labelledby={titleId}
      onClose={close}
      onClick={({ target }) => {
        if (target === dialog.current) close()
      }}
    >
      {isOpen && (
        <div className="dialog-body">
          <div className="dialog-head">
            <h2 id={titleId}>{title}</h2>
            <button type="button" className="plain" aria-label="Close" onClick={close}>
              ✕
            </button>
          </div>
          {children}
          {actions !== undefined && <div className="dialog-actions">{actions}</div>}
        </div>
      )}
    </dialog>
  )
}

/** What is asked before something that cannot be taken back. */
export interface QuestionProps {
  readonly title: string
  readonly isOpen: boolean
  readonly close: () => void
  readonly children: ReactNode
  /** What the button that does it says. */
  readonly action: string
  readonly isBusy: boolean
  readonly confirm: () => void
}

/** Asks; the focus begins at the way back. */
export function Question(props: QuestionProps) {
  const { title, isOpen, close, children, action, isBusy, confirm } = props
  return (
    <Dialog
      title={title}
      isOpen={isOpen}
      close={close}
      actions={
        <>
          <button type="button" data-first-focus onClick={close}>
            Cancel
          </button>
          <button type="button" className="danger" disabled={isBusy} onClick={confirm}>
            {action}
          </button>
        </>
      }
    >
      {children}
    </Dialog>
  )
}
