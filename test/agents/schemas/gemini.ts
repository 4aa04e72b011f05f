/** A request of `streamGenerateContent` of the Gemini API, strictly, as far as agents go. */
import { z } from 'zod'

const signature = z.base64().min(1).optional()

const part = z.union([
  z.strictObject({
    text: z.string(),
    thought: z.boolean().optional(),
    thoughtSignature: signature,
  }),
  z.strictObject({ inlineData: z.strictObject({ mimeType: z.string(), data: z.base64() }) }),
  z.strictObject({
    functionCall: z.strictObject({
      id: z.string().min(1).optional(),
      name: z.string().regex(/^[a-zA-Z_][\w.:-]{0,127}$/),
      args: z.record(z.string(), z.unknown()).optional(),
    }),
    // Google's own word for calls of other models is not base64.
    thoughtSignature: z.string().min(1).optional(),
  }),
  z.strictObject({
    functionResponse: z.strictObject({
      id: z.string().min(1).optional(),
      name: z.string().min(1),
      response: z.record(z.string(), z.unknown()),
    }),
  }),
])

const content = z.strictObject({
  role: z.enum(['user', 'model']),
  parts: z.array(part).min(1),
})

/** The whole of it. */
export const geminiRequest = z.strictObject({
  contents: z.array(content).min(1),
  systemInstruction: z
    .strictObject({
      role: z.enum(['user', 'system']).optional(),
      parts: z.array(z.strictObject({ text: z.string() })).min(1),
    })
    .optional(),
  tools: z
    .array(
      z.strictObject({
        functionDeclarations: z
          .array(
            z.strictObject({
              name: z.string().min(1),
              description: z.string(),
              parametersJsonSchema: z.looseObject({ type: z.literal('object') }).optional(),
              parameters: z.looseObject({ type: z.string() }).optional(),
            }),
          )
          .min(1),
      }),
    )
    .min(1),
  toolConfig: z
    .strictObject({
      functionCallingConfig: z.strictObject({
        mode: z.enum(['AUTO', 'ANY', 'NONE', 'VALIDATED']),
        allowedFunctionNames: z.array(z.string()).optional(),
      }),
    })
    .optional(),
  generationConfig: z
    .strictObject({
      maxOutputTokens: z.int().positive().optional(),
      temperature: z.number().optional(),
      topP: z.number().optional(),
      topK: z.number().optional(),
      stopSequences: z.array(z.string()).optional(),
      candidateCount: z.int().optional(),
      thinkingConfig: z
        .strictObject({
          includeThoughts: z.boolean().optional(),
          thinkingBudget: z.int().optional(),
          thinkingLevel: z.enum(['MINIMAL', 'LOW', 'MEDIUM', 'HIGH']).optional(),
        })
        .refine(
          ({ thinkingBudget, thinkingLevel }) =>
            thinkingBudget === undefined || thinkingLevel === undefined,
          'a budget or a level, not both',
        )
        .optional(),
    })
    .optional(),
})
