"""Systems x seeds x data -> tables; above the locator."""
