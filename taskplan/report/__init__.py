"""Plans and forecasts as pages: one HTML file that holds everything, and what notebooks show."""
