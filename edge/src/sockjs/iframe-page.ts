import { CLIENT_FILE, SOCKJS_BASE } from "./session-path.ts";

/** The page that a client frames where it may not call us directly (SockJS 0.3.3, "IFrame page"); word for word what the protocol says. */
export const IFRAME_PAGE = `<!DOCTYPE html>
<html>
<head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
  <script>
    document.domain = document.domain;
    _sockjs_onload = function(){SockJS.bootstrap_iframe();};
  </script>
  <script src="${SOCKJS_BASE}/${CLIENT_FILE}"></script>
</head>
<body>
  <h2>Don't panic!</h2>
  <p>This is a SockJS hidden iframe. It's used for cross domain magic.</p>
</body>
</html>
`;
