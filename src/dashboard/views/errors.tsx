/** What failed last: a list that can be narrowed down, and the attempts behind each. */
import { useState } from 'react'
import type { DashboardFrame } from '../../observe/dashboard/frame.ts'
import type { FinishedRequest } from '../../observe/finished.ts'
import { age, clock, counted, duration, exact, words } from '../format.ts'
import { Badge, Empty, Target } from '../parts/pieces.tsx'
import { matches, SearchField } from '../parts/search-field.tsx'
import { go, hrefOf, useRoute } from '../route.ts'
import { ErrorDetails } from './error-details.tsx'
import { Timeline } from './timeline.tsx'

/** Chooses all. */
const ANY = ''

/** The view. */
export function Errors({ frame: { errors, at } }: { frame: DashboardFrame }) {
  const { id } = useRoute()
  const [reason, setReason] = useState(ANY)
  const [provider, setProvider] = useState(ANY)
  const [filter, setFilter] = useState('')
  const shown = errors.filter(
    (error) =>
      (reason === ANY || reasonOf(error) === reason) &&
      (provider === ANY || error.provider === provider) &&
      matches(filter, [error.id, error.provider, error.model, error.errorCode, error.endReason]),
  )
  return (
    <>
      <div className="view-tools">
        <SearchField label="Filter by id, model, code" value={filter} onChange={setFilter} />
        <Select
          label="Reason"
          value={reason}
          values={errors.map(reasonOf)}
          onChange={setReason}
          textOf={words}
        />
        <Select
          label="Provider"
          value={provider}
          values={errors.flatMap((error) => error.provider ?? [])}
          onChange={setProvider}
        />
        <p className="hint">
          {shown.length === errors.length
            ? counted(errors.length, 'error')
            : `${exact(shown.length)} of ${counted(errors.length, 'error')}`}
        </p>
      </div>
      {shown.length === 0 ? (
        <Empty title={errors.length === 0 ? 'Nothing failed.' : 'No error matches the filter.'}>
          {errors.length === 0 &&
            'The last 50 requests that failed are listed here, with each attempt that was made.'}
        </Empty>
      ) : (
        <ul className="errors">
          {shown.map((error) => (
            <ErrorRow key={error.id} error={error} at={at} />
          ))}
        </ul>
      )}
      <ErrorDetails
        id={id}
        error={errors.find((error) => error.id === id) ?? null}
        close={() => go('errors')}
      />
    </>
  )
}

/** What a request failed of: the code says more than the reason of the end. */
export function reasonOf({ errorCode, endReason }: FinishedRequest): string {
  return errorCode ?? endReason ?? 'unknown'
}

function ErrorRow({ error, at }: { error: FinishedRequest; at: number }) {
  return (
    <li className="panel error-row">
      <div className="error-head">
        <a className="row-link" href={hrefOf('errors', error.id)}>
          <strong>{words(reasonOf(error))}</strong>
          <span className="id">{error.id}</span>
        </a>
        <Target provider={error.provider} model={error.model} />
        <Badge tone={error.status >= 500 ? 'bad' : 'warn'}>{error.status}</Badge>
        <span className="number">{counted(error.attempts.length, 'attempt')}</span>
        <span className="number">{duration(error.durationMs)}</span>
        <span className="number soft" title={clock(error.at)}>
          {age(at - error.at)} ago
        </span>
      </div>
      <Timeline request={error} />
    </li>
  )
}

function Select(props: {
  label: string
  value: string
  values: readonly string[]
  onChange: (value: string) => void
  textOf?: (value: string) => string
}) {
  const { label, value, values, onChange, textOf = String } = props
  // What was chosen stays in the list while no error has it: the list changes by itself.
  const options = [...new Set([...values, ...(value === ANY ? [] : [value])])].toSorted()
  return (
    <label className="select">
      {label}
      <select value={value} onChange={({ target }) => onChange(target.value)}>
        <option value={ANY}>all</option>
        {options.map((option) => (
          <option key={option} value={option}>
            {textOf(option)}
          </option>
        ))}
      </select>
    </label>
  )
}
