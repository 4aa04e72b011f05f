/** Files of packages that are embedded: where the running program finds them, or their text. */
declare module 'swagger-ui-dist/swagger-ui-bundle.js' {
  const path: string
  export default path
}
declare module 'swagger-ui-dist/swagger-ui.css' {
  const path: string
  export default path
}
declare module 'swagger-ui-dist/LICENSE' {
  const path: string
  export default path
}
declare module 'swagger-ui-dist/NOTICE' {
  const path: string
  export default path
}
