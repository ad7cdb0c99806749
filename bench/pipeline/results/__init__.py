"""Results: their arithmetic, tables, pictures, and the page that shows them."""
