/** The list of shortcuts, and the switch that turns them off. */
import { Dialog } from '../parts/dialog.tsx'
import { prefer, usePreferences } from '../preferences.ts'
import { shortcuts } from './shortcuts.ts'

/** A dialog. */
export function ShortcutList({ isOpen, close }: { isOpen: boolean; close: () => void }) {
  const { hasShortcuts } = usePreferences()
  return (
    <Dialog title="Keyboard shortcuts" isOpen={isOpen} close={close}>
      <dl className="shortcuts">
        {shortcuts.map(([keys, meaning]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <label className="check">
        <input
          type="checkbox"
          checked={hasShortcuts}
          onChange={({ target }) => prefer({ hasShortcuts: target.checked })}
        />
        Single keys do something
      </label>
    </Dialog>
  )
}
