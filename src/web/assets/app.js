// What the pages do beyond links and forms. Everything essential works without it.

