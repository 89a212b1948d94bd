"""What end-to-end tests stand on: a private Redis, a credisd, a credis, and waiting for things."""
