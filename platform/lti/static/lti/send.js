// Sends the page's one form as soon as it is there; its button stays for browsers that run no scripts.
document.querySelector("form[data-send]")?.submit();
