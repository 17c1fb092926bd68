"""Words on the picture: title, artist and lyrics, as the script that libass draws."""
