"""Albums: a video of every song, a contact sheet, and a page that shows all of them."""
