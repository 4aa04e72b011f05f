import { expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readDotenv, withDotenv } from '../../src/config/dotenv.ts'
import { runDirectory } from '../kit/run-directory.ts'

const emptyDirectory = (): string => mkdtempSync(join(runDirectory(), 'dotenv-'))

test('the file is read as such files are written', () => {
  const directory = emptyDirectory()
  const text = '\uFEFF# comment\nA=1\nexport B="two words"\r\nC=\'#3\' # note\n\nD=\n'
  writeFileSync(join(directory, '.env'), text)
  expect(readDotenv(directory)).toEqual({
    values: { A: '1', B: 'two words', C: '#3', D: '' },
    problem: null,
  })
})

test('no file says nothing, and one that cannot be read is a problem', () => {
  const directory = emptyDirectory()
  expect(readDotenv(directory)).toEqual({ values: {}, problem: null })
  mkdirSync(join(directory, '.env'))
  expect(readDotenv(directory).problem).toBe('.env: must be a readable file, got EISDIR')
})

test('the real environment wins, also where it is empty, and neither is changed', () => {
  const file = { values: { PORT: '1', HOST: 'a', WORKERS: '2' }, problem: null }
  const environment = { PORT: '3', WORKERS: '' }
  expect(withDotenv(environment, file)).toEqual({ PORT: '3', HOST: 'a', WORKERS: '' })
  expect(environment).toEqual({ PORT: '3', WORKERS: '' })
})
