/**
 * Requests as an attacker or a broken client writes them, byte by byte, each with what it must be
 * answered with, what may reach the provider because of it, and what becomes of its connection.
 * The texts have one character a byte.
 */

/** A request as the provider must receive it. */
export interface Forwarded {
  readonly method: string
  readonly path: string
  readonly body: string
}

/**
 * What becomes of the connection: `reusable` answers the next request as if nothing had been;
 * `closed` is closed by the server; `unfinished` waits for the rest of a body, and takes whatever
 * comes for it.
 */
export type Afterwards = 'reusable' | 'closed' | 'unfinished'

/** One probe. */
export interface Probe {
  readonly name: string
  readonly bytes: string
  /** The statuses of all answers, in their order. */
  readonly answers: readonly number[]
  readonly forwarded: readonly Forwarded[]
  readonly afterwards: Afterwards
}

const chatBody = '{"model":"gpt-probe","messages":[]}'
const hiddenBody = '{"model":"gpt-hidden","input":"x"}'
const chat: Forwarded = { method: 'POST', path: '/v1/chat/completions', body: chatBody }
const files: Forwarded = { method: 'GET', path: '/v1/files', body: '' }

const post = 'POST /v1/chat/completions HTTP/1.1'
const host = 'Host: probe'
const json = 'Content-Type: application/json'
const length = `Content-Length: ${chatBody.length}`
const chunked = 'Transfer-Encoding: chunked'
const sizeHex = chatBody.length.toString(16)

const message = (start: string, lines: readonly string[], body = ''): string =>
  `${start}\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n${body}`

/** A request that must never be taken for one where it lies in the body of another. */
export const hidden = message(
  'POST /v1/embeddings HTTP/1.1',
  [host, json, `Content-Length: ${hiddenBody.length}`],
  hiddenBody,
)
const hiddenLength = `Content-Length: ${hidden.length}`

const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`
const inChunks = `${chunk(chatBody)}0\r\n\r\n`

/** A good chat with these lines as well. */
const withLines = (...lines: readonly string[]): string =>
  message(post, [host, json, length, ...lines], chatBody)
/** A good chat whose Host lines are these. */
const withHosts = (...lines: readonly string[]): string =>
  message(post, [...lines, json, length], chatBody)
/** A chat in chunks, written as given. */
const inThese = (body: string): string => message(post, [host, json, chunked], body)
/** A chat in chunks, announced by these lines. */
const announced = (...lines: readonly string[]): string =>
  message(post, [host, json, ...lines], inChunks)
/** A chat with this length, written as given. */
const ofLength = (value: string): string =>
  message(post, [host, json, `Content-Length:${value}`], chatBody)
/** A good chat with another first line. */
const started = (line: string): string => message(line, [host, json, length], chatBody)
const get = (target: string): string => message(`GET ${target} HTTP/1.1`, [host])

const accepted = (name: string, bytes: string, what: Forwarded = chat): Probe => ({
  name,
  bytes,
  answers: [200],
  forwarded: [what],
  afterwards: 'reusable',
})
/** Refused by the program: the bytes were a request, so the connection stays. */
const refused = (name: string, bytes: string, status = 400): Probe => ({
  name,
  bytes,
  answers: [status],
  forwarded: [],
  afterwards: 'reusable',
})
/** Refused by the parser: nobody knows where the next request starts, so the connection ends. */
const broken = (name: string, bytes: string, status = 400): Probe => ({
  ...refused(name, bytes, status),
  afterwards: 'closed',
})
/** Nobody may take the next bytes for a request; answered at once, or not before the rest came. */
const unfinished = (name: string, bytes: string, ...answers: readonly number[]): Probe => ({
  name,
  bytes,
  answers,
  forwarded: [],
  afterwards: 'unfinished',
})
/** The server closes without an answer. */
const dropped = (name: string, bytes: string): Probe => ({
  name,
  bytes,
  answers: [],
  forwarded: [],
  afterwards: 'closed',
})

const lengths: readonly Probe[] = [
  accepted('a length', ofLength(` ${chatBody.length}`)),
  accepted('a length between blanks', ofLength(` \t${chatBody.length} `)),
  accepted('a length with zeros before it', ofLength(` 00${chatBody.length}`)),
  accepted('a length that is not ours: an underscore', withLines('Content_Length: 5')),
  broken('two lengths that differ', withLines('Content-Length: 5')),
  refused('two lengths that agree', withLines(length)),
  broken('a list of lengths', ofLength(` ${chatBody.length}, ${chatBody.length}`)),
  broken('two numbers as a length', ofLength(' 3 5')),
  broken('a length with a plus', ofLength(` +${chatBody.length}`)),
  broken('a negative length', ofLength(' -1')),
  broken('a hexadecimal length', ofLength(' 0x23')),
  broken('a length with an exponent', ofLength(' 35e0')),
  broken('a length with a fraction', ofLength(' 35.0')),
  broken('a length in quotes', ofLength(' "35"')),
  broken('a length with a null', ofLength(' 35\0')),
  broken('an empty length', ofLength('')),
  broken('a length above 2^64', ofLength(` ${2n ** 64n + BigInt(chatBody.length)}`)),
  unfinished('a length above 2^32', ofLength(` ${2 ** 32 + chatBody.length}`), 413),
  unfinished('a body that is too short', ofLength(' 500')),
  dropped('a body that is too long by a request', `${withLines()}${hidden}`),
  broken('a body that is too long by garbage', `${withLines()}xxxx\r\n\r\n`),
  dropped('no body, and a request behind it', message(post, [host, json], hidden)),
  dropped('a length of 0, and a request', message(post, [host, 'Content-Length: 0'], hidden)),
]

const codings: readonly Probe[] = [
  accepted('chunks', announced(chunked)),
  accepted('chunked in capitals', announced('Transfer-Encoding: CHUNKED')),
  accepted('chunked behind a tab', announced('Transfer-Encoding:\tchunked')),
  accepted('chunked and an empty element', announced('Transfer-Encoding: chunked,')),
  accepted('a coding that is not ours: a prefix', withLines('X-Transfer-Encoding: chunked')),
  accepted('a coding that is not ours: an underscore', withLines('Transfer_Encoding: chunked')),
  broken('a length, then chunks', message(post, [host, json, length, chunked], inChunks)),
  broken('chunks, then a length', message(post, [host, chunked, 'Content-Length: 4'], inChunks)),
  broken('CL.TE', message(post, [host, 'Content-Length: 6', chunked], '0\r\n\r\nG')),
  broken('a length, and chunked with an empty element', withLines('Transfer-Encoding: chunked,')),
  broken('a coding that does not exist', announced('Transfer-Encoding: xchunked')),
  broken('identity', withLines('Transfer-Encoding: identity')),
  broken('chunked, then identity', announced(chunked, 'Transfer-Encoding: identity')),
  broken('identity, then chunked', announced('Transfer-Encoding: identity', chunked)),
  broken('identity and chunked in one line', announced('Transfer-Encoding: identity, chunked')),
  broken('chunked twice', announced(chunked, chunked)),
  broken('chunked twice in one line', announced('Transfer-Encoding: chunked, chunked')),
  broken('chunked, then gzip', announced('Transfer-Encoding: chunked, gzip')),
  broken('gzip, then chunked', announced('Transfer-Encoding: gzip, chunked')),
  broken('chunked in quotes', announced('Transfer-Encoding: "chunked"')),
  broken('chunked with a parameter', announced('Transfer-Encoding: chunked;q=1')),
  broken('an empty coding', announced('Transfer-Encoding:')),
  broken('chunked behind a vertical tab', announced('Transfer-Encoding: \x0bchunked')),
  broken('chunked and a null', announced('Transfer-Encoding: chunked\0')),
  broken('chunked and a blank of Latin-1', announced('Transfer-Encoding: chunked\xa0')),
  broken('a blank before the colon', announced('Transfer-Encoding : chunked')),
  broken('chunked in a folded line', announced('Transfer-Encoding:', ' chunked')),
  broken('chunked behind a bare LF', withLines('X: y\nTransfer-Encoding: chunked')),
  broken('chunked behind a bare CR', withLines('X: y\rTransfer-Encoding: chunked')),
  broken('chunks in HTTP/1.0', announced(chunked).replace('HTTP/1.1', 'HTTP/1.0')),
]

const ofSize = (size: string): string => inThese(`${size}\r\n${chatBody}\r\n0\r\n\r\n`)
const chunks: readonly Probe[] = [
  accepted('a size in capitals and with zeros', ofSize(`00${sizeHex.toUpperCase()}`)),
  accepted('an extension', ofSize(`${sizeHex};a=b`)),
  accepted('an extension in quotes', ofSize(`${sizeHex};a="b;c"`)),
  accepted('an extension of the last chunk', inThese(`${chunk(chatBody)}0;a=b\r\n\r\n`)),
  broken('an extension with a bare LF', ofSize(`${sizeHex};a\n${hidden}`)),
  broken('an extension with a bare CR', ofSize(`${sizeHex};a\rb`)),
  broken('an extension with a line end in quotes', ofSize(`${sizeHex};a="\r\n"`)),
  broken('an extension with a null', ofSize(`${sizeHex};\0`)),
  broken('an extension of 20 kB', ofSize(`${sizeHex};a=${'b'.repeat(20_000)}`), 413),
  broken('a size of nothing', ofSize('')),
  broken('a size that is no number', ofSize('zz')),
  broken('a size with 0x', ofSize(`0x${sizeHex}`)),
  broken('a size with a sign', ofSize(`+${sizeHex}`)),
  broken('a negative size', ofSize('-1')),
  broken('a size with an underscore', ofSize('2_3')),
  broken('a blank before the size', ofSize(` ${sizeHex}`)),
  broken('a blank behind the size', ofSize(`${sizeHex} `)),
  broken('a size above 2^64', ofSize(`10000000000000${sizeHex.padStart(3, '0')}`)),
  broken('a size that is too small', ofSize('5')),
  broken('a bare LF behind the size', inThese(`${sizeHex}\n${chatBody}\r\n0\r\n\r\n`)),
  broken('a bare LF behind the data', inThese(`${sizeHex}\r\n${chatBody}\n0\r\n\r\n`)),
  broken('a request where trailers would be', inThese(`${chunk(chatBody)}0\r\n${hidden}`)),
  broken('a trailer', inThese(`${chunk(chatBody)}0\r\nX-T: 1\r\n\r\n`)),
  broken('a length as a trailer', inThese(`${chunk(chatBody)}0\r\n${length}\r\n\r\n${hidden}`)),
  dropped('a request behind the last chunk', inThese(`${inChunks}${hidden}`)),
  dropped('no chunks, and a request behind them', inThese(`0\r\n\r\n${hidden}`)),
  unfinished('no last chunk', inThese(chunk(chatBody))),
  unfinished('a size above 2^32', ofSize(`100000${sizeHex.padStart(3, '0')}`), 400),
]

/** Bodies of requests that want none: their bytes are nobody's request. */
const unread: readonly Probe[] = [
  accepted(
    'GET with a length',
    message('GET /v1/files HTTP/1.1', [host, hiddenLength], hidden),
    files,
  ),
  accepted(
    'GET with chunks',
    message('GET /v1/files HTTP/1.1', [host, chunked], `${chunk(hidden)}0\r\n\r\n`),
    files,
  ),
  broken('TRACE', message('TRACE /v1/files HTTP/1.1', [host, hiddenLength], hidden), 405),
  refused('OPTIONS', message('OPTIONS /v1/models HTTP/1.1', [host, hiddenLength], hidden), 405),
  refused('an unknown path', message('POST /none HTTP/1.1', [host, hiddenLength], hidden), 404),
  refused(
    'an unknown path, in chunks',
    message('POST /none HTTP/1.1', [host, chunked], `${chunk(hidden)}0\r\n\r\n`),
    404,
  ),
  refused(
    'an operation without its token',
    message('POST /buffer-pool-metrics HTTP/1.1', [host, hiddenLength], hidden),
    401,
  ),
  refused('HEAD', message('HEAD /healthz HTTP/1.1', [host, hiddenLength], hidden), 200),
  unfinished('half a body', message('GET /healthz HTTP/1.1', [host, 'Content-Length: 500']), 200),
]

const lines: readonly Probe[] = [
  accepted('an underscore in a name', withLines('X_Y: z')),
  accepted('every other character of a name', withLines("!#$%&'*+-.^`|~: z")),
  accepted('an empty value', withLines('X:')),
  accepted('bytes above ASCII in a value', withLines('X: \xe9\xff')),
  accepted('150 headers', withLines(...Array<string>(150).fill('X: y'))),
  broken('1000 headers', withLines(...Array<string>(1000).fill('X: y')), 431),
  broken('a header of 20 kB', withLines(`X: ${'y'.repeat(20_000)}`), 431),
  broken('a name of 20 kB', withLines(`${'x'.repeat(20_000)}: y`), 431),
  broken('a folded line', withLines('X: y', ' z')),
  broken('a line folded by a tab', withLines('X: y', '\tz')),
  broken('a folded first line', message(post, [' X: y', host, json, length], chatBody)),
  broken('a bare LF between lines', withLines('X: y\nZ: z')),
  broken('a bare LF at the end', `${post}\r\n${host}\r\n${length}\r\n\n${chatBody}`),
  broken('nothing but bare LF', withLines().replaceAll('\r\n', '\n'), 505),
  broken('a bare CR between lines', withLines('X: y\rZ: z')),
  broken('two CR', withLines('X: y\r')),
  broken('a null in a value', withLines('X: a\0b')),
  broken('a null in a name', withLines('X\0Y: z')),
  broken('a control character in a value', withLines('X: a\x01b')),
  broken('a blank in a name', withLines('X Y: z')),
  broken('a blank behind a name', withLines('X : z')),
  broken('a tab behind a name', withLines('X\t: z')),
  broken('no name', withLines(': z')),
  broken('no colon', withLines('nothing')),
  broken('a letter that is not ASCII in a name', withLines('X\xe9: z')),
  broken('an at sign in a name', withLines('X@Y: z')),
]

const starts: readonly Probe[] = [
  broken('a target of 20 kB', get(`/v1/${'x'.repeat(20_000)}`), 431),
  broken('PROPFIND', started('PROPFIND /v1/chat/completions HTTP/1.1'), 405),
  dropped('a method nobody knows', started('FOO /v1/chat/completions HTTP/1.1')),
  dropped('a method in small letters', started('post /v1/chat/completions HTTP/1.1')),
  broken('a method with an at sign', started('P@ST /v1/chat/completions HTTP/1.1')),
  broken('no method', started(' /v1/chat/completions HTTP/1.1')),
  broken('no version', get('/v1/files').replace(' HTTP/1.1', ''), 505),
  broken('HTTP/0.9', 'GET /v1/files\r\n\r\n', 505),
  broken('HTTP/1.2', started('POST /v1/chat/completions HTTP/1.2'), 505),
  broken('HTTP/2.0', started('POST /v1/chat/completions HTTP/2.0'), 505),
  broken('HTTP in small letters', started('POST /v1/chat/completions http/1.1'), 505),
  broken('the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  broken('a TLS handshake', `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03${'x'.repeat(50)}`),
  broken('two blanks', started('POST  /v1/chat/completions HTTP/1.1')),
  broken('a tab for a blank', started('POST\t/v1/chat/completions\tHTTP/1.1'), 505),
  broken('a blank at the end', started('POST /v1/chat/completions HTTP/1.1 '), 505),
  broken('a blank in the target', started('POST /v1/chat completions HTTP/1.1'), 505),
  broken('an empty line before it', `\r\n${withLines()}`),
  broken('a null in the target', get('/v1/fi\0les'), 505),
]

const targets: readonly Probe[] = [
  accepted('an absolute target', get('http://probe/v1/files'), files),
  accepted('an absolute target elsewhere', get('http://evil.test/v1/files'), files),
  accepted('an absolute target of TLS', get('https://evil.test/v1/files'), files),
  accepted('an absolute target with a user', get('http://u:p@evil.test/v1/files'), files),
  accepted('dots that Bun resolves', get('/v1/x/../files'), files),
  accepted('encoded dots that Bun resolves', get('/v1/%2e%2e/%2E%2E/v1/files'), files),
  accepted('a backslash that Bun turns', get('/v1\\files'), files),
  accepted('an encoded line end', get('/v1/a%0d%0ax:%20y'), {
    ...files,
    path: '/v1/a%0d%0ax:%20y',
  }),
  refused(
    'an absolute target of the metadata',
    get('http://169.254.169.254/latest/meta-data'),
    404,
  ),
  refused('dots to an operation', get('/v1/../buffer-pool-metrics'), 401),
  refused('encoded dots to an operation', get('/v1/%2e%2e/buffer-pool-metrics'), 401),
  refused('a host where the path is', get('//evil.test/v1/files')),
  refused('three slashes', get('///v1/files')),
  refused('an encoded slash', get('/v1%2ffiles')),
  refused('an encoded backslash', get('/v1/%5cfiles')),
  refused('an encoded null', get('/v1/files%00')),
  refused('an encoded letter', get('/v1/f%69les')),
  refused('a fragment', get('/v1/files#x')),
  broken('two backslashes', get('\\\\evil.test\\v1\\files')),
  broken('a scheme of files', get('ftp://probe/v1/files')),
  broken('no slash', get('v1/files')),
  broken('a host behind an at sign', get('@evil.test/v1/files')),
  broken('a star', get('*')),
  broken('OPTIONS of a star', message('OPTIONS * HTTP/1.1', [host])),
  broken('CONNECT, and a request', message('CONNECT a.test:443 HTTP/1.1', [host], hidden), 405),
  broken('CONNECT of a path', message('CONNECT /v1/files HTTP/1.1', [host]), 405),
]

const hosts: readonly Probe[] = [
  accepted('a short one', withHosts('Host: a')),
  accepted('an address in brackets', withHosts('Host: [::1]:3000')),
  accepted('blanks around it', withHosts('Host:  \t probe  ')),
  accepted('others beside it', withLines('X-Forwarded-Host: evil.test', 'Forwarded: host=evil')),
  accepted('paths beside it', withLines('X-Original-URL: /none', 'X-Rewrite-URL: /none')),
  accepted('a method beside it', withLines('X-HTTP-Method-Override: DELETE')),
  broken('none', withHosts()),
  refused('an empty one', withHosts('Host:')),
  refused('two', withHosts(host, 'Host: evil.test')),
  refused('two that agree', withHosts(host, host)),
  refused('a list', withHosts('Host: a,b')),
  refused('a fragment', withHosts('Host: a/#')),
  refused('a query', withHosts('Host: a?b')),
  refused('a user', withHosts('Host: me@probe')),
  refused('a blank', withHosts('Host: a b')),
  refused('an encoded slash', withHosts('Host: a%2fb')),
  refused('a letter that is not ASCII', withHosts('Host: \xe9')),
  refused('a port above all ports', withHosts('Host: a:65536')),
]

const once = (name: string, bytes: string): Probe => ({
  ...accepted(name, bytes),
  afterwards: 'closed',
})
const switches: readonly Probe[] = [
  accepted('Expect: 100-continue', withLines('Expect: 100-continue')),
  accepted('Expect of something else', withLines('Expect: banana')),
  unfinished(
    'Expect, and too much',
    message(post, [host, 'Content-Length: 70000', 'Expect: 100-continue']),
    413,
  ),
  once('HTTP/1.0', withLines().replace('HTTP/1.1', 'HTTP/1.0')),
  once('HTTP/1.0 without a Host', withHosts().replace('HTTP/1.1', 'HTTP/1.0')),
  once('HTTP/1.0, and a request', `${withLines().replace('HTTP/1.1', 'HTTP/1.0')}${hidden}`),
  once('Connection: close, and a request', `${withLines('Connection: close')}${hidden}`),
  accepted('Connection that names the framing', withLines('Connection: content-length, host')),
  accepted('TE, Trailer and Keep-Alive', withLines('TE: trailers', 'Trailer: x', 'Keep-Alive: 5')),
  accepted('h2c', withLines('Connection: upgrade', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk')),
  refused('WebSocket', withLines('Connection: upgrade', 'Upgrade: websocket'), 426),
  refused('h2c or WebSocket', withLines('Connection: upgrade', 'Upgrade: h2c, websocket'), 426),
  refused('an upgrade to nothing known', withLines('Connection: upgrade', 'Upgrade: foo/2'), 426),
  {
    // What follows a refused upgrade was never anything but the next request.
    name: 'WebSocket, and a request',
    bytes: `${withLines('Connection: upgrade', 'Upgrade: websocket')}${hidden}`,
    answers: [426, 200],
    forwarded: [{ method: 'POST', path: '/v1/embeddings', body: hiddenBody }],
    afterwards: 'reusable',
  },
  dropped('three requests at once', `${withLines()}${get('/v1/files')}${withLines()}`),
  broken('a good request and a bad one', `${withLines()}${withLines(chunked)}`),
  broken('a bad request and a good one', `${withLines(chunked)}${withLines()}`),
]

/** All probes, by what they are about. */
export const probes: Readonly<Record<string, readonly Probe[]>> = {
  'a length': lengths,
  'a transfer coding': codings,
  'a chunk': chunks,
  'a body that nobody reads': unread,
  'a header line': lines,
  'a request line': starts,
  'a target': targets,
  'a Host': hosts,
  'a switch of the connection': switches,
}
