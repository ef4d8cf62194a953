// How a request fails: one envelope, one code, no inside of ours shown. Knows no route.
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { ErrorCode, Place, Problem } from '../base/failure.ts'
import { safeText } from '../base/text.ts'
import type { Failed } from './schemas.ts'

/** The envelope. */
export const failure = (code: ErrorCode, message: string, place?: Place): Failed => ({
  error: { code, message: safeText(message), ...(place === undefined ? {} : { place }) },
})

/** A problem in the envelope, with its place and the way out. */
export const failureOf = ({ code, message, place, hint }: Problem): Failed => ({
  error: { ...failure(code, message, place).error, ...(hint === undefined ? {} : { hint }) },
})

/** What the framework's own refusals say here, by its code; others keep the framework's words. */
const MESSAGES: Readonly<Record<string, string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'the body is larger than 1 MiB: send it in parts',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'this Content-Type is not taken here: see /api/v1/openapi.json',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'the body is empty',
  FST_ERR_CTP_INVALID_JSON_BODY: 'the body is not valid JSON',
  FST_ERR_HANDLER_TIMEOUT: 'this took too long',
}

/**
 * Answers a failed request. What the client did wrong is told to it (4xx, `ASKFIRST_E_HTTP_REQUEST`); a fault of ours goes
 * to `onFault`, and the client learns only that there was one (`ASKFIRST_E_INTERNAL`).
 */
export function failureHandler(onFault: (fault: unknown) => void) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    const status = error.validation === undefined ? (error.statusCode ?? 500) : 400
    if (status >= 400 && status < 500) {
      reply.code(status).send(failure('ASKFIRST_E_HTTP_REQUEST', messageOf(error, request), placeOf(error)))
      return
    }
    onFault(error)
    const message = MESSAGES[error.code] ?? 'a fault in askfirst itself; its log has the details'
    reply.code(status === 503 ? 503 : 500).send(failure('ASKFIRST_E_INTERNAL', message))
  }
}

/** The first key that is wrong. */
function placeOf({ validation }: FastifyError): Place | undefined {
  const path = validation?.[0]?.instancePath.slice(1).replaceAll('/', '.') ?? ''
  return path === '' ? undefined : { path: safeText(path, 64) }
}

function messageOf(error: FastifyError, request: FastifyRequest): string {
  if (error.validation === undefined) return MESSAGES[error.code] ?? error.message
  if (error.validationContext === 'body' && request.body === undefined)
    return 'a body is needed: see /api/v1/openapi.json'
  return error.validation
    .slice(0, 5)
    .map(({ instancePath, message }) => `${instancePath.slice(1) || error.validationContext}: ${message}`)
    .join('; ')
}
