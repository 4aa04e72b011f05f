/** How much of something is used, as a bar. */

/** What a bar shows. The text beside it has the figures, so the bar itself is not read out. */
export interface MeterProps {
  /** Parts of one, in the order of the bar; together one at most. */
  readonly parts: readonly { readonly share: number; readonly tone: MeterTone }[]
  readonly className?: string
}

/** What a part of the bar means. */
export type MeterTone = 'used' | 'waiting' | 'warn' | 'bad' | 'good' | 'calm'

/** A bar; what is above one is cut off. */
export function Meter({ parts, className }: MeterProps) {
  return (
    <div className={`meter ${className ?? ''}`} aria-hidden="true">
      {parts.map(({ share, tone }) => (
        <span
          key={tone}
          className={`part part-${tone}`}
          style={{ inlineSize: `${Math.min(1, Math.max(0, share)) * 100}%` }}
        />
      ))}
    </div>
  )
}

/** The tone of something that should not become full. */
export function fullness(share: number): MeterTone {
  if (share >= 1) return 'bad'
  return share >= 0.8 ? 'warn' : 'used'
}
