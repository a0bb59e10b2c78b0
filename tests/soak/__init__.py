"""Long runs that look for what only time shows: what grows, what is lost, what gets slow. ``make soak`` runs them."""
