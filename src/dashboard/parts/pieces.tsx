/** Small pieces that most views are made of. */
import type { ReactNode } from 'react'

/** How something is to be taken. */
export type Tone = 'calm' | 'good' | 'warn' | 'bad'

/** A word on a tinted ground. The word says it; the colour only helps. */
export function Badge({ tone, children }: { tone: Tone; children: ReactNode }) {
  return <span className={`badge badge-${tone}`}>{children}</span>
}

/** A part of a view with a heading of its own. */
export function Panel(props: {
  title: ReactNode
  note?: ReactNode
  tools?: ReactNode
  children: ReactNode
}) {
  const { title, note, tools, children } = props
  return (
    <section className="panel">
      <div className="panel-head">
        <h2>{title}</h2>
        {note !== undefined && <p className="hint">{note}</p>}
        {tools !== undefined && <div className="panel-tools">{tools}</div>}
      </div>
      {children}
    </section>
  )
}

/** What stands where there is nothing yet: what will be here, and how to get it. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {children !== undefined && <div className="hint">{children}</div>}
    </div>
  )
}

/** Names and values in columns; a target is long, and has a line of its own. */
export function Facts({ rows }: { rows: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className={rows[0]?.[0] === 'Target' ? 'fact-list is-first-wide' : 'fact-list'}>
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

/** A provider and a model: the first small, both as they are. */
export function Target(props: { provider: string | null; model: string | null }) {
  if (props.provider === null && props.model === null) return <span className="soft">not yet</span>
  return (
    <span className="target">
      {props.provider !== null && <span className="soft">{props.provider}/</span>}
      {props.model ?? <span className="soft">any</span>}
    </span>
  )
}
