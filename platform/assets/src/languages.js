import { python } from "@codemirror/lang-python";
import { Language, LanguageSupport, StreamLanguage, defineLanguageFacet } from "@codemirror/language";
import { toml } from "@codemirror/legacy-modes/mode/toml";
import { GFM, parser } from "@lezer/markdown";

// The packaged Markdown language brings HTML, CSS and JavaScript along; statements need none of them.
const markdown = new Language(defineLanguageFacet(), parser.configure(GFM), [], "markdown");

const known = {
  python: () => python(),
  markdown: () => new LanguageSupport(markdown),
  toml: () => StreamLanguage.define(toml),
  text: () => [],
};

/** The extension for a `data-language`; unknown names are plain text. @param {string|undefined} name */
export const language = (name) => (known[name ?? "text"] ?? known.text)();
