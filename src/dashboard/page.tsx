/** The dashboard's page: where its script begins. */
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { FeedConnection } from './feed/connection.ts'
import { FeedStore } from './feed/store.ts'
import { applyTheme } from './preferences.ts'

applyTheme()
const place = document.getElementById('app')
if (place !== null) {
  const store = new FeedStore()
  const connection = new FeedConnection(store)
  connection.start()
  createRoot(place).render(<App store={store} connection={connection} />)
}
