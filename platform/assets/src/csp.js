/** CodeMirror writes its rules into a <style> element, which `style-src 'self'` refuses. Its own path for shadow roots
 * uses a constructed style sheet, which the policy allows; this sends the document down that path too. */
import { StyleModule } from "style-mod";

const documentRoot = {
  ownerDocument: document,
  get adoptedStyleSheets() {
    return document.adoptedStyleSheets;
  },
  set adoptedStyleSheets(sheets) {
    document.adoptedStyleSheets = sheets;
  },
};
const mount = StyleModule.mount;
StyleModule.mount = (root, modules, options) => mount(root === document ? documentRoot : root, modules, options);
