"""One request, decided and shown: what people type in, and the way the decision takes. The engines are elsewhere."""
