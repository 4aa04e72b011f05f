/** The list of models, as clients of either dialect ask for it. */
import { requestId } from '../core/ids.ts'
import { failureResponse } from '../gateway/fail.ts'
import { asGeminiModel, asGeminiModels, createModels } from '../gateway/models.ts'
import type { Protocol } from '../protocol/protocol.ts'
import { protocols } from '../protocol/registry.ts'
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
}: Shared): ModelCatalogue {
  const models = createModels({
    providers,
    routes: config.routes.map(({ name }) => name),
    settings: config.stream.models,
    sweep,
    reach,
    proxy: config.upstreamProxy,
    protocol: protocols.opaque,
    open,
  })
  const admitted = async (
    request: Request,
    protocol: Protocol,
    answer: () => Promise<object>,
  ): Promise<Response> => {
    const id = requestId()
    try {
      const ticket = await admission.admit(request.headers, new URL(request.url).search)
      ticket.release()
      return Response.json(await answer(), { headers: { 'x-request-id': id } })
    } catch (thrown) {
      return failureResponse(thrown, protocol, id)
    }
  }
  const { chat, gemini } = protocols
  return {
    list: (request) => admitted(request, chat, () => models.list()),
    get: (id, request) => admitted(request, chat, () => models.get(id)),
    listGemini: (request) =>
      admitted(request, gemini, async () => asGeminiModels(await models.list())),
    getGemini: (id, request) =>
      admitted(request, gemini, async () => asGeminiModel(await models.get(id))),
  }
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
