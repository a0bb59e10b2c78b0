"""The storybook world in which the pocket models live. Knows Pillow and the world's rules; knows no model and no store."""
