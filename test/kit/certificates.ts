/** Certificates made for one test: an authority of its own, and what it signed. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runDirectory } from './run-directory.ts'

/** PEM texts. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** The authority's certificate as a file, and three certificates that it signed. */
export interface Certificates {
  readonly authorityFile: string
  /** For 127.0.0.1 and localhost. */
  readonly good: Certificate
  /** The same, until yesterday. */
  readonly expired: Certificate
  /** For another host. */
  readonly misplaced: Certificate
  /** For 127.0.0.1, signed by nobody else. */
  readonly selfSigned: Certificate
}

/** Whether certificates can be made on this machine. */
export const canCertify: boolean = Bun.which('openssl') !== null

const keyOptions = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'

/** Makes them in a directory of the test run. Throws what `openssl` says. */
export function makeCertificates(): Certificates {
  const directory = mkdtempSync(join(runDirectory(), 'certificates-'))
  const run = (command: string): void => {
    const { success, stderr } = Bun.spawnSync(['openssl', ...command.split(' ')], {
      cwd: directory,
    })
    if (!success) throw new Error(stderr.toString())
  }
  const pem = (name: string): Certificate => ({
    cert: readFileSync(join(directory, `${name}.pem`), 'utf8'),
    key: readFileSync(join(directory, `${name}.key`), 'utf8'),
  })
  const here = 'subjectAltName=IP:127.0.0.1,DNS:localhost'
  const signed = (name: string, days: number, subject: string): Certificate => {
    writeFileSync(join(directory, `${name}.ext`), `${subject}\n`)
    run(`req ${keyOptions} -subj /CN=${name} -out ${name}.csr -keyout ${name}.key`)
    const by = '-CA authority.pem -CAkey authority.key -CAcreateserial'
    run(`x509 -req -in ${name}.csr ${by} -days ${days} -extfile ${name}.ext -out ${name}.pem`)
    return pem(name)
  }
  const self = (name: string, more = ''): void => {
    const files = `-out ${name}.pem -keyout ${name}.key`
    run(`req -x509 ${keyOptions} -days 2 -subj /CN=${name} ${files}${more}`)
  }
  self('authority')
  self('alone', ` -addext ${here}`)
  return {
    authorityFile: join(directory, 'authority.pem'),
    good: signed('good', 2, here),
    expired: signed('expired', -1, here),
    misplaced: signed('misplaced', 2, 'subjectAltName=DNS:elsewhere.test'),
    selfSigned: pem('alone'),
  }
}
