"""Reading over HTTP, and asking for policies, in the
shapes of the Access Analyzer API. Sessions of the portal are the credentials."""
