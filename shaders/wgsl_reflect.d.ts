/** The entry Node can import has no declaration of its own; it exports what the package does. */
declare module 'wgsl_reflect/wgsl_reflect.module.js' {
  export * from 'wgsl_reflect';
}
