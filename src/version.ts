import packageFile from '../package.json' with { type: 'json' }

/** The program's version, as in package.json; embedded in the executable. */
export const version: string = packageFile.version
