/** What has to be said when it happens, whichever view is looked at. */
import { useEffect, useRef } from 'react'
import type { DashboardAlert, DashboardFrame } from '../../observe/dashboard/frame.ts'
import { usePage } from '../feed/context.tsx'

/** Those that hold now and did not before. */
export function newlyFiring(
  before: readonly DashboardAlert[],
  now: readonly DashboardAlert[],
): readonly DashboardAlert[] {
  const isFiring = ({ state }: DashboardAlert): boolean => state === 'firing'
  const known = new Set(before.filter(isFiring).map(({ rule }) => rule))
  return now.filter((alert) => isFiring(alert) && !known.has(alert.rule))
}

/** Announces alerts that begin, and a server of another version than the page is from. */
export function useNews(frame: DashboardFrame | null): void {
  const { announce } = usePage()
  const before = useRef<DashboardFrame | null>(null)
  useEffect(() => {
    const last = before.current
    before.current = frame
    if (last === null || frame === null) return
    for (const { message } of newlyFiring(last.alerts, frame.alerts)) announce(message, 'alert')
    if (frame.version !== last.version) {
      announce(`The server is sluice ${frame.version} by now. Load the page anew.`, 'bad')
    }
  }, [frame, announce])
}
