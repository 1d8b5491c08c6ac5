/* Starts Swagger UI on this server's own document. Nothing is asked of any other server. */
const dark = matchMedia('(prefers-color-scheme: dark)');
const followScheme = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
followScheme();
dark.addEventListener('change', followScheme);

SwaggerUIBundle({
  url: '/api/openapi.json',
  dom_id: '#page',
  layout: 'BaseLayout',
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  // Else the document's address is told to validator.swagger.io.
  validatorUrl: null,
});
