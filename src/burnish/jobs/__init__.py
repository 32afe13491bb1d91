"""Jobs: pieces of work that are done in processes of their own and leave their result in a folder."""
