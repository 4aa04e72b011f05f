/** What Google documents for the body of `:generateContent`; the model stands in the path. */
import { z } from 'zod'

const part = z.strictObject({
  text: z.string().optional(),
  thought: z.boolean().optional(),
  thoughtSignature: z.string().optional(),
  inlineData: z.strictObject({ mimeType: z.string(), data: z.string() }).optional(),
  fileData: z.looseObject({ fileUri: z.string() }).optional(),
  functionCall: z
    .strictObject({
      name: z.string().min(1),
      args: z.looseObject({}).optional(),
      id: z.string().optional(),
    })
    .optional(),
  functionResponse: z
    .strictObject({
      name: z.string().min(1),
      response: z.looseObject({}),
      id: z.string().optional(),
      parts: z.array(z.looseObject({})).optional(),
    })
    .optional(),
})
const content = z.strictObject({
  role: z.enum(['user', 'model']).optional(),
  parts: z.array(part).min(1),
})

/** Google's own. */
export const geminiSchema = z.strictObject({
  contents: z.array(content).min(1),
  systemInstruction: content.optional(),
  tools: z
    .array(
      z.strictObject({
        functionDeclarations: z.array(
          z.strictObject({
            name: z.string().min(1),
            description: z.string().optional(),
            parameters: z.looseObject({}).optional(),
            parametersJsonSchema: z.looseObject({}).optional(),
          }),
        ),
      }),
    )
    .optional(),
  toolConfig: z.strictObject({ functionCallingConfig: z.looseObject({}) }).optional(),
  generationConfig: z
    .strictObject({
      maxOutputTokens: z.int().optional(),
      temperature: z.number().optional(),
      topP: z.number().optional(),
      topK: z.number().optional(),
      stopSequences: z.array(z.string()).max(5).optional(),
      seed: z.int().optional(),
      candidateCount: z.int().optional(),
      thinkingConfig: z.looseObject({}).optional(),
      responseMimeType: z.string().optional(),
      responseSchema: z.looseObject({}).optional(),
      responseJsonSchema: z.looseObject({}).optional(),
    })
    .optional(),
  safetySettings: z.array(z.looseObject({})).optional(),
})
