/**
 * Takes credentials out of a provider's words before they reach a client, and out of what is
 * written down. Providers quote the key they were given, and the key is the operator's.
 *
 * This knows shapes, not keys: a key without a prefix (32 plain hex digits, say) looks like a
 * request id and stays. The messages that quote such keys are those of refused credentials, and
 * these are never passed on at all.
 */

const MASK = '***'

/** Each with the text that stays in front. Every pattern is linear: one class, repeated once. */
const patterns: readonly (readonly [RegExp, string])[] = [
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=*-]{6,}/gi, `$1 ${MASK}`],
  // OpenAI, Anthropic, OpenRouter, DeepSeek, Groq, xAI, Perplexity, NVIDIA, Cerebras; the stars are
  // those of a provider that masked the middle and left both ends.
  [/\b(?:sk|gsk|xai|pplx|nvapi|csk|sess)[-_][A-Za-z0-9_*.-]{5,}/g, MASK],
  [/\b(?:hf|r8|fw|tgp)_[A-Za-z0-9_*]{12,}/g, MASK],
  [/\bAIza[A-Za-z0-9_-]{16,}/g, MASK],
  [/\bya29\.[A-Za-z0-9._-]{8,}/g, MASK],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{12,}/g, MASK],
  // What signs webhooks, and tokens of GitHub and Slack, which stand in many environments.
  [/\b(?:whsec|gh[pousr]|github_pat)_[A-Za-z0-9_+/=]{8,}/g, MASK],
  [/\bxox[a-z]-[A-Za-z0-9-]{8,}/g, MASK],
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9._-]{8,}/g, MASK],
  [named('api[-_ ]?key(?: provided)?'), `$1${MASK}`],
  [named('authorization|access[-_ ]?token|secret|password'), `$1${MASK}`],
  [/([?&](?:api[-_]?key|key|token|sig|signature)=)[^\s"'&]{3,}/gi, `$1${MASK}`],
  [/(\bhttps?:\/\/)[^\s/@]{1,256}@/gi, `$1${MASK}@`],
]

/** A value behind one of `names` and `:` or `=`; not an address, nor what is masked already. */
function named(names: string): RegExp {
  const between = String.raw`["']?\s{0,4}[:=]\s{0,4}["']?`
  const value = String.raw`(?!https?:|\*\*\*|Bearer|Basic)[^\s"',;&]{3,}`
  return new RegExp(`\\b((?:${names})${between})${value}`, 'gi')
}

/** `text` with everything that looks like a credential replaced by `***`. */
export function maskSecrets(text: string): string {
  let masked = text
  for (const [pattern, replacement] of patterns) masked = masked.replace(pattern, replacement)
  return masked
}
