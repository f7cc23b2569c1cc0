/** What CodeMirror itself says, in French; English is its own. */
const french = {
  "Control character": "Caractère de contrôle",
  "Selection deleted": "Sélection supprimée",
  "Folded lines": "Lignes repliées",
  "Unfolded lines": "Lignes dépliées",
  to: "à",
  "folded code": "code replié",
  unfold: "déplier",
  "Fold line": "Replier la ligne",
  "Unfold line": "Déplier la ligne",
  "Go to line": "Aller à la ligne",
  go: "aller",
  Find: "Rechercher",
  Replace: "Remplacer",
  next: "suivant",
  previous: "précédent",
  all: "tous",
  "match case": "casse exacte",
  "by word": "mot entier",
  regexp: "expression régulière",
  replace: "remplacer",
  "replace all": "tout remplacer",
  close: "fermer",
  "current match": "résultat actuel",
  "replaced $ matches": "$ résultats remplacés",
  "replaced match on line $": "résultat de la ligne $ remplacé",
  "on line": "à la ligne",
  Completions: "Propositions",
  "$ unchanged lines": "$ lignes inchangées",
};

/** The phrases for the page's language; an empty table means CodeMirror's English. */
export const phrases = document.documentElement.lang.startsWith("fr") ? french : {};
