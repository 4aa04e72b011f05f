/** What a conversation is held with: model, system prompt, key. */
import { Panel } from '../parts/pieces.tsx'
import type { Models } from './models.ts'
import { parametersIn, type Settings } from './turn.ts'

interface SettingsProps {
  readonly settings: Settings
  readonly onChange: (settings: Settings) => void
}

/** The fields. A model need not be listed: names with options, as `demo` takes them, are none. */
export function SettingsPanel(props: SettingsProps & { models: Models; usualModel: string }) {
  const { settings, models, usualModel, onChange } = props
  const hasDemo = models.ids.some((id) => id.startsWith('demo/'))
  return (
    <Panel title="Settings">
      <div className="playground-settings">
        <label htmlFor="playground-model">Model</label>
        <input
          id="playground-model"
          list="playground-models"
          value={settings.model}
          placeholder={usualModel}
          // A browser lists only what fits to the text; what is typed next takes its place.
          onFocus={(event) => event.target.select()}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => onChange({ ...settings, model: event.target.value })}
        />
        <datalist id="playground-models">
          {models.ids.map((id) => (
            <option key={id} value={id} />
          ))}
        </datalist>
        {hasDemo && (
          <p className="hint">
            <code>demo/stream?tokens=400&amp;tokensPerSecond=40</code> is slow enough to watch,{' '}
            <code>&amp;fail=reset@20</code> breaks.
          </p>
        )}
        <label htmlFor="playground-system">System prompt</label>
        <textarea
          id="playground-system"
          rows={2}
          value={settings.system}
          onChange={(event) => onChange({ ...settings, system: event.target.value })}
        />
        <Parameters settings={settings} onChange={onChange} />
        <label htmlFor="playground-key">API key</label>
        <input
          id="playground-key"
          type="password"
          value={settings.apiKey}
          autoComplete="off"
          aria-describedby="playground-key-hint"
          onChange={(event) => onChange({ ...settings, apiKey: event.target.value.trim() })}
        />
        <p className="hint" id="playground-key-hint" role="status">
          {models.problem ?? 'Of a client; kept in this page until it is closed.'}
        </p>
        <label className="check">
          <input
            type="checkbox"
            checked={settings.resume}
            onChange={(event) => onChange({ ...settings, resume: event.target.checked })}
          />
          Go on after a broken connection
        </label>
      </div>
    </Panel>
  )
}

/** What else of a request there may be. */
function Parameters({ settings, onChange }: SettingsProps) {
  const isWrong = parametersIn(settings.parameters) === null
  return (
    <>
      <label htmlFor="playground-parameters">Other parameters</label>
      <textarea
        id="playground-parameters"
        className="is-code"
        rows={2}
        value={settings.parameters}
        placeholder={'{ "temperature": 0 }'}
        spellCheck={false}
        aria-invalid={isWrong}
        aria-describedby="playground-parameters-hint"
        onChange={(event) => onChange({ ...settings, parameters: event.target.value })}
      />
      <p className={isWrong ? 'hint is-bad' : 'hint'} id="playground-parameters-hint">
        {isWrong ? 'This is no JSON object yet.' : 'JSON; with tools here, calls are shown.'}
      </p>
    </>
  )
}
