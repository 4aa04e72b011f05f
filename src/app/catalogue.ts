/** The list of models, as clients of either dialect ask for it. */
import type { KeyRecord } from '../admission/keys.ts'
import { isScoped, ownPart } from '../admission/scope.ts'
import { requestId } from '../core/ids.ts'
import { failureResponse } from '../gateway/fail.ts'
import { asGeminiModel, asGeminiModels, createModels, type Shown } from '../gateway/models.ts'
import type { Protocol } from '../protocol/protocol.ts'
import { protocols } from '../protocol/registry.ts'
import type { Call, Target } from '../provider/call.ts'
import type { Planner } from '../routing/plan.ts'
import type { ModelCatalogue } from '../server/options.ts'
import { open } from '../upstream/open.ts'
import type { Shared } from './snapshot.ts'

/** The list of models, for those who may enter. */
export function catalogueOf({
  config,
  sweep,
  reach,
  admission,
  providers,
  planner,
  observer,
}: Shared): ModelCatalogue {
  const models = createModels({
    providers,
    routes: config.routes.map(({ name }) => name),
    settings: config.stream.models,
    sweep,
    reach,
    proxy: config.upstreamProxy,
    protocol: protocols.opaque,
    learned: (names) => observer.models.learn(names),
    open,
  })
  const admitted = async (
    request: Request,
    protocol: Protocol,
    answer: (shown: Shown | undefined) => Promise<object>,
  ): Promise<Response> => {
    const id = requestId()
    try {
      const ticket = await admission.admit(request.headers, new URL(request.url).search)
      ticket.release()
      const shown = shownTo(ticket.key, planner)
      return Response.json(await answer(shown), { headers: { 'x-request-id': id } })
    } catch (thrown) {
      return failureResponse(thrown, protocol, id)
    }
  }
  const { chat, gemini } = protocols
  return {
    list: (request) => admitted(request, chat, (shown) => models.list(shown)),
    get: (id, request) => admitted(request, chat, (shown) => models.get(id, shown)),
    listGemini: (request) =>
      admitted(request, gemini, async (shown) => asGeminiModels(await models.list(shown))),
    getGemini: (id, request) =>
      admitted(request, gemini, async (shown) => asGeminiModel(await models.get(id, shown))),
  }
}

/**
 * What a key sees: the models that it could ask for by the name they have here, by the very rules
 * that a request meets. Where it may use a model only under its bare name, it is shown that name.
 */
function shownTo(key: KeyRecord | null, planner: Planner): Shown | undefined {
  if (key === null || !isScoped(key)) return undefined
  const ownTarget = (model: string): Target | null => {
    try {
      const plan = planner({ ...noBody, model }, chatCall, noHeaders)
      return ownPart(key, model, plan)?.targets[0] ?? null
    } catch {
      return null
    }
  }
  return (entry) => {
    const id = String(entry.id)
    if (ownTarget(id) !== null) return entry
    const slash = id.indexOf('/')
    const bare = id.slice(slash + 1)
    const isSame = slash > 0 && ownTarget(bare)?.provider.name === id.slice(0, slash)
    return isSame ? { ...entry, id: bare } : null
  }
}

const noBody = { stream: false, body: null, contentType: null, outputTokensMax: null }
const noHeaders = new Headers()
const chatCall: Call = {
  endpoint: 'chat-completions',
  path: '/chat/completions',
  search: '',
  provider: null,
  protocol: protocols.chat,
}

/** The list of models of whichever configuration holds when it is asked for. */
export function catalogueBehind(models: () => ModelCatalogue): ModelCatalogue {
  return {
    list: (request) => models().list(request),
    get: (id, request) => models().get(id, request),
    listGemini: (request) => models().listGemini(request),
    getGemini: (id, request) => models().getGemini(id, request),
  }
}
