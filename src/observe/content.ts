/** What was asked and answered, for the spans of an operator who wants that. Never on a record. */

/** Each as a JSON text of OpenTelemetry's schema of messages; null where nothing was read. */
export interface CapturedContent {
  readonly input: string | null
  readonly output: string | null
}
