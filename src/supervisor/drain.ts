/**
 * How long answers carry `connection: close` before the server stops listening. Without this phase
 * a keep-alive client sends into a connection that is just being closed: measured, 83 of them in a
 * roll under load, and none with it.
 */
export const drainPhaseMs = 400
