/** The view of a name, or what is said until there is something to see. */
import { useFeed } from '../feed/context.tsx'
import { Empty } from '../parts/pieces.tsx'
import { Playground } from '../playground/playground.tsx'
import type { ViewName } from '../route.ts'
import { Alerts } from './alerts.tsx'
import { Errors } from './errors.tsx'
import { Keys } from './keys.tsx'
import { Overview } from './overview.tsx'
import { Pool } from './pool.tsx'
import { Providers } from './providers.tsx'
import { Queue } from './queue.tsx'
import { Streams } from './streams.tsx'

/** Chooses. The playground asks the server itself and needs no frame. */
export function View({ name }: { name: ViewName }) {
  const { frame, points, status } = useFeed()
  if (name === 'playground') return <Playground />
  if (frame === null) {
    return (
      <Empty title={status === 'lost' ? 'The server cannot be reached.' : 'Waiting for figures …'}>
        {status === 'lost' && 'The page tries again by itself; nothing has to be reloaded.'}
      </Empty>
    )
  }
  switch (name) {
    case 'overview':
      return <Overview frame={frame} points={points} />
    case 'streams':
      return <Streams frame={frame} />
    case 'providers':
      return <Providers frame={frame} />
    case 'queue':
      return <Queue frame={frame} />
    case 'pool':
      return <Pool frame={frame} />
    case 'keys':
      return <Keys frame={frame} />
    case 'errors':
      return <Errors frame={frame} />
    case 'alerts':
      return <Alerts frame={frame} />
  }
}
