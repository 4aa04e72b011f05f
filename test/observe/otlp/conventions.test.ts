import { expect, test } from 'bun:test'
import { endpointNames } from '../../../src/config/config.ts'
import { Exchange } from '../../../src/observe/exchange.ts'
import { httpRouteOf, operationOf } from '../../../src/observe/otlp/conventions.ts'

test.each([
  ['chat-completions', '/chat/completions', 'chat'],
  ['completions', '/completions', 'text_completion'],
  ['responses', '/responses', 'chat'],
  ['messages', '/messages', 'chat'],
  ['messages', '/messages/count_tokens', null],
  ['gemini', '/models/gemini-2.5-pro:streamGenerateContent', 'generate_content'],
  ['gemini', '/models/gemini-embedding-001:batchEmbedContents', 'embeddings'],
  ['gemini', '/models/gemini-2.5-pro:countTokens', null],
  ['embeddings', '/embeddings', 'embeddings'],
  ['passthrough', '/v1/anything', null],
  ['other', '/files', null],
] as const)('%s %s is the operation %p', (endpoint, path, operation) => {
  expect(operationOf({ endpoint, path })).toBe(operation)
})

test('the route of a request holds nothing of its address', () => {
  for (const endpoint of endpointNames) {
    const exchange = new Exchange(endpoint, 'POST')
    exchange.path = '/canary'
    expect(httpRouteOf(exchange)).toMatch(/^\/[\w/{}*]+$/)
    expect(httpRouteOf(exchange)).not.toContain('canary')
  }
})
