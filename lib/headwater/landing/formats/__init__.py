"""How each form of a feed's files is looked into and read: as text, with the place of each row; nothing interprets a value."""
