# Access control lists: what they are, who inherits them, and whom they let in. acl.sh FOLDER; the answers can be compared.
cd "$1"
exec 2>&1
show() { getfacl -cn "$@" | sed '/^$/d'; }
as() { setpriv --reuid "$1" --regid "$1" --clear-groups sh -c "$2" >/dev/null 2>&1 && echo "$1 may: $2" || echo "$1 may not: $2"; }
chmod 755 .
umask 022
echo secret >file
chmod 640 file
setfacl -m u:4321:rw,g:5432:r file
show file
stat -c '%A' file
as 4321 'cat file'
as 4321 'echo more >>file'
as 5432 'cat file'
as 5432 'echo more >>file'
as 6543 'cat file'
chmod 600 file
show file
as 4321 'cat file'
chmod 660 file
show file
as 4321 'echo more >>file'
setfacl -x u:4321 file
as 4321 'cat file'
setfacl -b file
show file
mkdir folder
setfacl -m u:4321:rwx,d:u:4321:rwX,d:g::r-x,d:o::---,d:m:rwx folder
show folder
umask 077
echo >folder/file
mkdir folder/inner
mkfifo folder/fifo
mkdir folder/inner/most
ln -s file folder/link
cp file folder/copied
perl -e 'use Fcntl; sysopen(my $file, "folder/nameless", O_CREAT | O_EXCL | O_RDWR, 0777) or die; sysopen($file, "folder/private", O_CREAT | O_RDWR, 0600) or die;'
show folder/file folder/inner folder/fifo folder/inner/most folder/copied folder/nameless folder/private
stat -c '%A' folder/file folder/inner folder/fifo folder/link
as 4321 'echo >folder/by-user'
show folder/by-user
umask 022
setfacl -k folder
echo >folder/plain
show folder/plain folder
chmod g+s folder
setfacl -m u:4321:r folder
stat -c '%A' folder
as 4321 'ls folder'
as 4321 'setfacl -m u:4321:rwx file'
setfacl -m u:1:r,u:2:r,u:3:r,g:1:r,g:2:r file
show file
cp -p file kept
show kept
mv kept moved
show moved
