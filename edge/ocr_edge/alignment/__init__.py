"""A camera that moved is followed: marks on the scene are found again, and the regions move with them."""
