"use strict";

// Dark where the reader's system is.
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const shade = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", shade);
shade();

const ui = SwaggerUIBundle({
  // Beside the page, bare and under /v1 alike.
  url: "openapi.json",
  dom_id: "#document",
  layout: "BaseLayout",
  presets: [SwaggerUIBundle.presets.apis],
  deepLinking: true,
  filter: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  // A key lives as long as the page and is stored nowhere.
  persistAuthorization: false,
  // Nobody else is asked whether the document is valid.
  validatorUrl: null,
  onComplete: () => {
    document.title = ui.specSelectors.info().get("title") || document.title;
  },
});
