/* Removing a folder that is ours, with all in it. */
#ifndef PREFLAME_VIEWER_SESSION_REMOVE_TREE_H
#define PREFLAME_VIEWER_SESSION_REMOVE_TREE_H

/* Removes what it can, links instead of what they point at. Says nothing of what it can't. */
void remove_tree(const char *path);

#endif
